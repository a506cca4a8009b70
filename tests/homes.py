"""The import contract that gives each library one home, whichever module is added: `make check` runs it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from importlinter import Contract, ContractCheck, fields, output

if TYPE_CHECKING:
    from grimp import ImportGraph


class OneHome(Contract):
    """Each library is imported by the packages that the table names, and by nobody else.

    A library that the table does not name is imported by nobody at all, so a new one needs a line in the table. A home
    that does not import its library is reported, too.
    A line of it reads `library: package, package`.
    """

    type_name = "one_home"
    homes: list[str] = fields.ListField(subfield=fields.StringField())  # type: ignore[assignment] # a descriptor

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Compare the table with what each module imports."""
        homes = dict(line.split(": ") for line in self.homes)
        allowed = {library: set(names.split(", ")) for library, names in homes.items()}
        unused = {(library, home) for library, names in allowed.items() for home in names}
        strays: list[str] = []
        for library in sorted(name for name in graph.modules if graph.is_module_squashed(name)):
            if library in sys.stdlib_module_names:
                continue
            for importer in sorted(graph.find_modules_that_directly_import(library)):
                home = next((one for one in allowed.get(library, ()) if f"{importer}.".startswith(f"{one}.")), None)
                if home is None:
                    strays.append(f"{importer} imports {library}")
                unused.discard((library, home or ""))
        strays += [f"{home} is named as a home of {library}, which it does not import" for library, home in unused]
        return ContractCheck(kept=not strays, metadata={"strays": sorted(strays)})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print what does not keep to the table."""
        for stray in check.metadata["strays"]:
            output.print_error(f"- {stray}")
        output.print_error("The homes stand in pyproject.toml, in the contract of the type one_home.")
