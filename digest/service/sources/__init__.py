"""Sources as a whole: held dumps, renamed and moved files, renaming, and forgetting."""
