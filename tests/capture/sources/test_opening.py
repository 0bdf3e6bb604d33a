import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from capture.sources import opening
from capture.sources.opening import CaptureFile, find, open_source
from capture.sources.source import SourceError
from tests.capture.sources.captures import Pipe, numbered, packets, pcap, pcapng, read


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("b.pcap", "a.pcap", "sub/c.pcapng", "sub/deep/d.pcap.gz", "notes.txt"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pcap(packets(2)) if name.endswith("pcap") else b"some notes")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def paths(*given: str) -> list[str]:
    found = find(given)
    assert not found.errors
    return [file.path for file in found.files]


def test_files_come_in_the_order_given_and_no_file_twice(tree: Path) -> None:
    assert paths("b.pcap", "a.pcap", "b.pcap") == ["b.pcap", "a.pcap"]
    assert find(["a.pcap"]).files == [CaptureFile("a.pcap", True, (tree / "a.pcap").stat().st_size)]


def test_a_folder_gives_everything_below_it_sorted_under_the_path_given(tree: Path) -> None:
    everything = ["a.pcap", "b.pcap", "notes.txt", "sub/c.pcapng", "sub/deep/d.pcap.gz"]
    assert paths(".") == [f"./{name}" for name in everything]
    assert paths("sub/") == ["sub/c.pcapng", "sub/deep/d.pcap.gz"]
    assert paths(str(tree)) == [f"{tree}/{name}" for name in everything]
    assert not any(file.named for file in find(["."]).files)


def test_a_pattern_is_sorted_and_what_it_matches_counts_as_named(tree: Path) -> None:
    assert paths("*.pcap") == ["a.pcap", "b.pcap"]
    assert paths("**/*.gz") == ["sub/deep/d.pcap.gz"]
    assert all(file.named for file in find(["*.pcap"]).files)


def test_a_pattern_that_matches_a_folder_gives_what_is_in_it(tree: Path) -> None:
    assert paths("su*") == ["sub/c.pcapng", "sub/deep/d.pcap.gz"]


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(tree: Path) -> None:
    (tree / "[a].pcap").write_bytes(pcap([]))
    assert paths("[a].pcap") == ["[a].pcap"]


@pytest.mark.parametrize(
    ("path", "told"),
    [("gone.pcap", "no such file or folder"), ("gone*.pcap", "no file matches this pattern")],
)
def test_a_named_path_that_is_not_there_is_an_error_and_costs_the_others_nothing(
    path: str, told: str, tree: Path
) -> None:
    found = find(["a.pcap", path, "b.pcap"])
    assert [file.path for file in found.files] == ["a.pcap", "b.pcap"]
    (error,) = found.errors
    assert str(error) == f"{path}: {told}"


def test_a_dangling_link_is_an_error_when_named_and_skipped_in_a_folder(tree: Path) -> None:
    (tree / "sub" / "link").symlink_to("nowhere")
    assert [error.where.source for error in find(["sub/link"]).errors] == ["sub/link"]
    found = find(["sub"])
    assert not found.errors
    assert [(skip.where.source, skip.reason) for skip in found.skipped] == [("sub/link", "unreadable")]


def test_a_link_that_leads_back_to_its_folder_is_not_followed(tree: Path) -> None:
    (tree / "sub" / "round").symlink_to("..")
    assert paths("sub") == ["sub/c.pcapng", "sub/deep/d.pcap.gz"]


def test_a_pipe_in_a_folder_is_skipped_since_opening_it_would_wait_for_ever(tree: Path) -> None:
    os.mkfifo(tree / "sub" / "pipe")
    found = find(["sub"])
    assert len(found.files) == 2
    assert [(skip.where.source, skip.reason) for skip in found.skipped] == [("sub/pipe", "not-a-capture")]


def test_a_pipe_that_is_named_is_read(tree: Path) -> None:
    os.mkfifo(tree / "pipe")
    writer = subprocess.Popen(["cp", "a.pcap", "pipe"])
    (file,) = find(["pipe"]).files
    assert file == CaptureFile("pipe", True, None)
    source = open_source("pipe")
    assert source.size is None
    assert read(source) == numbered(packets(2))
    assert writer.wait() == 0


def test_standard_input_is_a_dash(tree: Path) -> None:
    assert find(["-"]).files == [CaptureFile("-", True, None)]


def test_standard_input_that_is_closed_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(SourceError, match=r"^-: cannot be opened: standard input is closed$"):
        open_source("-")


def test_a_folder_opened_as_a_file_is_an_error(tree: Path) -> None:
    with pytest.raises(SourceError, match="Is a directory"):
        open_source("sub")


@pytest.mark.parametrize(("magic", "kind"), opening._OTHERS.items())
def test_other_kinds_of_file_are_refused_by_name(magic: bytes, kind: str, tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(magic + bytes(40))
    with pytest.raises(SourceError, match=re.escape(kind)):
        open_source(str(path))


def test_more_files_than_a_run_can_tell_apart_are_errors(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "MAX_SOURCES", 3)
    found = find(["."])
    assert [file.path for file in found.files] == ["./a.pcap", "./b.pcap", "./notes.txt"]
    assert [error.where.source for error in found.errors] == ["./sub/c.pcapng", "./sub/deep/d.pcap.gz"]


def test_a_pcapng_from_a_pipe_of_small_pieces_is_told_by_its_first_bytes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdin", Pipe(pcapng(packets(3)), 1))
    assert read(open_source("-")) == numbered(packets(3))


def test_a_device_that_fails_in_the_middle_is_damage_at_that_place(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Failing(Pipe):
        def readinto(self, room: memoryview) -> int:  # type: ignore[override]
            if not (length := super().readinto(room)):
                raise OSError(5, "Input/output error")
            return length

    monkeypatch.setattr(sys, "stdin", Failing(pcap(packets(3))[:-10], 50))
    source = open_source("-")
    assert read(source) == numbered(packets(2))
    (skip,) = source.skipped
    assert (skip.reason, skip.where.frame) == ("read-error", 3)
    assert "Input/output error" in skip.detail
