"""Brings dumps from elsewhere: from web sites and from programs. Knows no store and no layout."""
