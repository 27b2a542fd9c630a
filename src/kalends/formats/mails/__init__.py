"""Mail: the words, facts and headers of each kind, and the letter that they are put into."""
