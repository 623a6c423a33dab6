"""YAML read safely, with the line of every key and item, so that a wrong one can be pointed at."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any

import yaml

from gvcpos._core.errors import InputError, SpecificationError
from gvcpos._core.files import existing_file

YamlPath = tuple[Hashable, ...]
LineOf = Callable[[YamlPath], int]


def load_yaml_with_lines(path: str | Path) -> tuple[Any, LineOf]:
    """Read a YAML file and remember where everything stands in it.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    data : object
        What `yaml.safe_load` gives: mappings, lists, plain values.
    line_of : callable
        Path to line number (from 1): ``line_of(("stages", 0, "sectors"))`` is the line of that key. A path
        that is not in the file gives the line of the nearest thing above it that is.

    Raises
    ------
    InputError
        If the file is absent or not UTF-8 text.
    SpecificationError
        If it is not YAML or a mapping has the same key twice; the message has the line.
    """
    file = existing_file(path, "a YAML file")
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{file}: not a UTF-8 text file (byte {error.start}). Give a YAML file.") from error
    return parse_yaml_with_lines(text, str(file))


def parse_yaml_with_lines(text: str, name: str) -> tuple[Any, LineOf]:
    """Do the same with YAML `text`; `name` says in messages where it came from."""
    loader = yaml.SafeLoader(text)
    try:
        root = loader.get_single_node()
        lines = _Lines(loader, name)
        if root is not None:
            lines.walk(root, (), root.start_mark.line + 1)
        data = None if root is None else loader.construct_document(root)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{name}, line {mark.line + 1}" if mark else name
        raise SpecificationError(f"{where}: not valid YAML: {error.problem or error.context}.") from error
    except yaml.YAMLError as error:
        raise SpecificationError(f"{name}: not valid YAML: {error}.") from error
    finally:
        loader.dispose()
    return data, lines.line_of


class _Lines:
    """The line of every path below a node."""

    def __init__(self, loader: yaml.SafeLoader, name: str) -> None:
        self._loader = loader
        self._name = name
        self._line: dict[YamlPath, int] = {(): 1}
        self._seen: set[int] = set()

    def walk(self, node: yaml.Node, path: YamlPath, line: int) -> None:
        """Note the line of `path` and of everything below it; an alias is not followed twice."""
        self._line[path] = line
        if id(node) in self._seen:
            return
        self._seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            for i, item in enumerate(node.value):
                self.walk(item, (*path, i), item.start_mark.line + 1)
        elif isinstance(node, yaml.MappingNode):
            self._walk_mapping(node, path)

    def _walk_mapping(self, node: yaml.MappingNode, path: YamlPath) -> None:
        first: dict[Hashable, int] = {}
        for key_node, value in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                continue
            key = self._loader.construct_object(key_node)
            line = key_node.start_mark.line + 1
            if key in first:
                # PyYAML would keep the last one and say nothing.
                raise SpecificationError(
                    f"{self._name}, line {line}: key {key!r} a second time (first on line {first[key]}). Keep one."
                )
            first[key] = line
            self.walk(value, (*path, key), line)

    def line_of(self, path: YamlPath) -> int:
        """Return the line of a path, or of the nearest thing above it."""
        known = tuple(path)
        while known not in self._line:
            known = known[:-1]
        return self._line[known]
