<?php
// A CalDAV server for `php -S`, of Debian's sabre/dav: signs in by Digest, its folder is given.
require_once 'Sabre/autoload.php';
date_default_timezone_set('UTC');
error_reporting(E_ALL & ~E_DEPRECATED);
$pdo = new PDO('sqlite:' . getenv('SABRE_FOLDER') . '/db.sqlite');
$pdo->setAttribute(PDO::ATTR_ERRMODE, PDO::ERRMODE_EXCEPTION);
$pdo->exec('PRAGMA busy_timeout = 5000; PRAGMA synchronous = OFF');
$people = new Sabre\DAVACL\PrincipalBackend\PDO($pdo);
$calendars = new Sabre\CalDAV\Backend\PDO($pdo);
$server = new Sabre\DAV\Server([
    new Sabre\CalDAV\Principal\Collection($people),
    new Sabre\CalDAV\CalendarRootNode($people, $calendars),
]);
$server->addPlugin(new Sabre\DAV\Auth\Plugin(new Sabre\DAV\Auth\Backend\PDO($pdo), 'SabreDAV'));
$server->addPlugin(new Sabre\DAVACL\Plugin());
$server->addPlugin(new Sabre\CalDAV\Plugin());
$server->exec();
