import statistics
import time

import pytest

from chirrup.access.passwords import Passwords
from chirrup.errors import Invalid

strict = Passwords()
cheap = Passwords(testing=True)


def test_a_password_matches_its_hash_and_no_other():
    hash = strict.hash("correct horse")
    assert strict.matches(hash, "correct horse")
    assert not strict.matches(hash, "correct horsf")
    assert not strict.matches(hash, "")
    assert "correct" not in hash
    assert hash != strict.hash("correct horse")


def test_two_ways_to_type_one_password_are_the_same():
    assert cheap.matches(cheap.hash("caf\u00e9 noir"), "cafe\u0301 noir")


@pytest.mark.parametrize(
    ("password", "kind"),
    [("", "blank"), ("seven77", "too_short"), ("x" * 129, "too_long"), ("surrogate\ud800", "not_text")],
)
def test_bad_passwords_are_refused_before_they_are_hashed(password, kind):
    with pytest.raises(Invalid) as refusal:
        strict.hash(password)
    assert (refusal.value.field, refusal.value.rule) == ("password", kind)


@pytest.mark.parametrize("password", ["bee keeper", "wolf" * 32, "👪🐎🐝🦉" * 32, "eight\x0088"])
def test_long_and_strange_passwords_are_fine(password):
    assert cheap.matches(cheap.hash(password), password)
    strict.check(password)


def test_a_server_for_tests_takes_weak_passwords():
    assert cheap.matches(cheap.hash("x"), "x")
    with pytest.raises(Invalid):
        cheap.hash("")


@pytest.mark.parametrize("broken", ["", "x", "$argon2id$v=19$nonsense", "!"])
def test_a_hash_that_is_none_matches_nothing(broken):
    assert not strict.matches(broken, "nobody has this password")


def test_cheap_hashes_are_renewed_once():
    old = cheap.hash("correct horse")
    new = strict.rehashed(old, "correct horse")
    assert strict.matches(new, "correct horse")
    assert strict.rehashed(new, "correct horse") == ""


def test_looking_for_nobody_costs_as_much_as_a_wrong_password():
    hash = strict.hash("correct horse")

    def ms(password_hash: str) -> float:
        start = time.thread_time()
        strict.matches(password_hash, "wrong horse")
        return (time.thread_time() - start) * 1000

    somebody, nobody = (statistics.median(ms(each) for _ in range(9)) for each in (hash, ""))
    assert nobody > somebody / 2  # a missing dummy would cost nothing at all


def test_endless_passwords_are_not_hashed():
    assert not strict.matches(strict.hash("correct horse"), "x" * 10_000_000)


@pytest.mark.parametrize("password", ["password", "Password1!", "x" * 128, "zxcvbnm,.", "9876543210", "11112222"])
def test_passwords_that_are_guessed_first_are_refused(password):
    with pytest.raises(Invalid) as refusal:
        strict.check(password)
    assert (refusal.value.field, refusal.value.rule) == ("password", "weak")
    cheap.check(password)
