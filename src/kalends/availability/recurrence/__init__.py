"""Events of calendars elsewhere: from what they write to when somebody is busy (RFC 5545).

Pure and bounded: what a calendar may cost is counted in steps, never in what comes out of them.
"""
