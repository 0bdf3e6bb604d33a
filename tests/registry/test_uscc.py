import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry import divisions
from registry.uscc import ALPHABET, body_check_character, completed, fault

# Published codes of operating companies: both checks of each hold.
REAL = ("914403001922038216", "9144030071526726XG", "91110108551385082Q", "91330100799655058B")


@pytest.mark.parametrize("code", REAL)
def test_published_codes_pass_both_checks(code: str) -> None:
    assert fault(code) is None
    assert completed(code[0], code[1], code[2:8], code[8:16]) == code


@pytest.mark.parametrize("code", REAL)
def test_any_one_wrong_character_is_found(code: str) -> None:
    for place in range(18):
        for other in ALPHABET:
            changed = code[:place] + other + code[place + 1 :]
            assert (fault(changed) is None) == (changed == code)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("", "has 18 characters, this has 0"),
        ("91440300192203821", "this has 17"),
        ("9144030019220382I6", "character 17 is 'I'"),
        ("91440300192203821６", "character 18"),
        ("91440300192203821o", "character 18 is 'o'"),
        ("91A403001922038216", "registrar's division"),
        ("914403001922038226", "check character 17"),
        ("914403001922038217", "check character 18 (of the code, GB 32100) is '7', computed '6'"),
    ],
)
def test_the_reason_names_the_place(code: str, reason: str) -> None:
    assert reason in str(fault(code))


@given(
    st.sampled_from(ALPHABET),
    st.sampled_from(ALPHABET),
    st.text("0123456789", min_size=6, max_size=6),
    st.text(ALPHABET, min_size=8, max_size=8),
)
def test_a_completed_code_has_no_fault(department: str, category: str, division: str, body: str) -> None:
    assert fault(completed(department, category, division, body)) is None


@given(st.text(max_size=40))
def test_any_text_gets_a_reason_or_is_a_code(text: str) -> None:
    why = fault(text)
    assert why is None or why


def test_wrong_parts_cannot_be_completed() -> None:
    with pytest.raises(ValueError, match="six digits"):
        completed("9", "1", "99010A", "MADEUP01")
    with pytest.raises(ValueError, match="8 digits or capital letters"):
        body_check_character("short")
    with pytest.raises(ValueError, match="17 characters"):
        completed("9", "1", "990101", "MADESOUP")


def test_a_division_code_is_taken_apart_into_its_levels() -> None:
    county = divisions.division("990221")
    assert (county.level, county.province, county.prefecture) == ("county", "990000", "990200")
    assert divisions.division("990200").level == "prefecture"
    assert divisions.division("990000").prefecture is None


@pytest.mark.parametrize("code", ["", "99022", "9902211", "99022a", "００００００", "001122", "990021"])
def test_a_code_without_the_structure_of_a_division_is_refused_with_a_reason(code: str) -> None:
    assert divisions.fault(code)
    with pytest.raises(ValueError, match=r"."):
        divisions.division(code)
