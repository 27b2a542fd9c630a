"""The rules of the calendar with a database: availability is loaded, the engine decides, time is
claimed. API, pages, links, endings and imports all book through here.
"""
