"""The rules of the calendar applied to the database: loads availability, lets the engine decide,
and claims time. API, pages, links, timed endings and imports all book through here.
"""
