"""Sources as a whole: held dumps, renamed and moved files, another name, and forgetting."""
