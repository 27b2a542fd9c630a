"""Mail: its words, facts and headers, and the letter that they are put in."""
