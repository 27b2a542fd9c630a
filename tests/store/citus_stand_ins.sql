-- Stand-ins for what `kalends distribute --print` calls: they write down each call, keep the
-- catalogue that Citus keeps, and refuse what Citus refuses.
CREATE TABLE pg_dist_partition (logicalrelid regclass PRIMARY KEY, partmethod "char", repmodel "char");
CREATE TABLE pg_dist_object (classid oid, objid oid);
CREATE TABLE calls (number serial PRIMARY KEY, call text NOT NULL);
CREATE TABLE refusals (table_name text PRIMARY KEY);

CREATE FUNCTION create_reference_table(name regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = name) THEN
        RAISE EXCEPTION 'table "%" is already distributed', name;
    END IF;
    INSERT INTO pg_dist_partition VALUES (name, 'n', 't');
    INSERT INTO calls (call) VALUES ('reference ' || name);
END $$;

CREATE FUNCTION create_distributed_function(name regprocedure) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO pg_dist_object VALUES ('pg_proc'::regclass, name);
    INSERT INTO calls (call) VALUES ('function ' || name);
END $$;

CREATE FUNCTION create_distributed_table(name regclass, distribution_column text,
    colocate_with text DEFAULT 'default') RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    key record;
BEGIN
    IF EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = name) THEN
        RAISE EXCEPTION 'table "%" is already distributed', name;
    END IF;
    IF EXISTS (SELECT FROM refusals WHERE table_name = name::text) THEN
        RAISE EXCEPTION 'no connection to a node';
    END IF;
    IF colocate_with <> 'none' AND NOT EXISTS (SELECT FROM pg_dist_partition
            WHERE logicalrelid = colocate_with::regclass AND partmethod = 'h') THEN
        RAISE EXCEPTION 'relation % is not distributed', colocate_with;
    END IF;
    IF current_setting('citus.enable_unsafe_triggers', true) IS DISTINCT FROM 'on' AND EXISTS (
            SELECT FROM pg_trigger WHERE tgrelid = name AND NOT tgisinternal) THEN
        RAISE EXCEPTION 'cannot distribute relation "%" because it has triggers', name;
    END IF;
    FOR key IN SELECT conname, conrelid, confrelid FROM pg_constraint
            WHERE contype = 'f' AND name IN (conrelid, confrelid) LOOP
        IF key.confrelid = name OR NOT EXISTS (
                SELECT FROM pg_dist_partition WHERE logicalrelid = key.confrelid) THEN
            RAISE EXCEPTION 'cannot create foreign key constraint %', key.conname;
        END IF;
    END LOOP;
    FOR key IN SELECT i.indexrelid::regclass AS index FROM pg_index i
            WHERE i.indrelid = name AND (i.indisunique OR i.indisexclusion) AND NOT EXISTS (
                SELECT FROM pg_attribute a WHERE a.attrelid = name
                    AND a.attname = distribution_column AND a.attnum = ANY(i.indkey)) LOOP
        RAISE EXCEPTION 'cannot create constraint on "%": % lacks %', name, key.index,
            distribution_column;
    END LOOP;
    INSERT INTO pg_dist_partition VALUES (name, 'h', 's');
    INSERT INTO calls (call) VALUES ('distribute ' || name || ' by ' || distribution_column
        || ' beside ' || colocate_with);
END $$;
