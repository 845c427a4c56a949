"""Secrets: for their owner alone, whole or not at all, unreadable without the key."""

import os
import threading

import pytest

from engine.secrets import Secrets, SecretsError


def test_what_was_put_is_read_by_another_process(tmp_path):
    Secrets(tmp_path).put("cs", {"api_key": "kunci", "webhook_secret": "rahasia"})
    assert Secrets(tmp_path).get("cs") == {"api_key": "kunci", "webhook_secret": "rahasia"}
    assert Secrets(tmp_path).get("sales") == {}


def test_only_the_owner_may_read_the_file(tmp_path):
    previous = os.umask(0)
    try:
        Secrets(tmp_path).put("cs", {"api_key": "kunci"})
    finally:
        os.umask(previous)
    assert (tmp_path / "secrets.json").stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["secrets.json"]


def test_a_second_put_keeps_the_other_values_and_none_takes_one_away(tmp_path):
    secrets = Secrets(tmp_path)
    secrets.put("cs", {"api_key": "lama", "webhook_secret": "rahasia"})
    secrets.put("cs", {"api_key": "baru"})
    assert secrets.get("cs") == {"api_key": "baru", "webhook_secret": "rahasia"}
    secrets.put("cs", {"webhook_secret": None})
    assert secrets.get("cs") == {"api_key": "baru"}
    secrets.remove("cs")
    assert Secrets(tmp_path).get("cs") == {}


def test_a_reader_sees_what_another_wrote_meanwhile(tmp_path):
    reader, writer = Secrets(tmp_path), Secrets(tmp_path)
    writer.put("cs", {"api_key": "satu"})
    assert reader.get("cs") == {"api_key": "satu"}
    writer.put("cs", {"api_key": "dua"})
    assert reader.get("cs") == {"api_key": "dua"}


def test_with_a_key_the_file_tells_nothing(tmp_path):
    Secrets(tmp_path, "kata sandi").put("toko-budi", {"api_key": "kunci"})
    content = (tmp_path / "secrets.json").read_text()
    assert "kunci" not in content
    assert "toko-budi" not in content
    assert Secrets(tmp_path, "kata sandi").get("toko-budi") == {"api_key": "kunci"}


@pytest.mark.parametrize(("key", "said"), [("salah", "another REPLYAI_SECRET_KEY"), (None, "is encrypted")])
def test_a_wrong_or_missing_key_is_told_and_nothing_is_overwritten(tmp_path, key, said):
    Secrets(tmp_path, "benar").put("cs", {"api_key": "kunci"})
    for use in (lambda secrets: secrets.get("cs"), lambda secrets: secrets.put("cs", {"api_key": "x"})):
        with pytest.raises(SecretsError, match=said):
            use(Secrets(tmp_path, key))
    assert Secrets(tmp_path, "benar").get("cs") == {"api_key": "kunci"}


def test_a_key_that_is_set_later_encrypts_at_the_next_write(tmp_path):
    Secrets(tmp_path).put("cs", {"api_key": "kunci"})
    later = Secrets(tmp_path, "baru")
    assert later.get("cs") == {"api_key": "kunci"}
    later.put("cs", {"webhook_secret": "rahasia"})
    assert "kunci" not in (tmp_path / "secrets.json").read_text()


def test_a_broken_file_is_an_error_and_not_an_empty_one(tmp_path):
    (tmp_path / "secrets.json").write_text('{"accounts": {"cs"')
    with pytest.raises(SecretsError, match="cannot be read"):
        Secrets(tmp_path).put("cs", {"api_key": "kunci"})


def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    secrets = Secrets(tmp_path)
    secrets.put("cs", {"api_key": "lama"})

    def full(_handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SecretsError, match="No space left"):
        secrets.put("cs", {"api_key": "baru"})
    monkeypatch.undo()
    assert Secrets(tmp_path).get("cs") == {"api_key": "lama"}
    assert os.listdir(tmp_path) == ["secrets.json"]


def test_readers_never_see_half_a_file(tmp_path):
    writer = Secrets(tmp_path)
    writer.put("cs", {"api_key": "x" * 10_000})
    done = threading.Event()
    seen: set[int] = set()

    def read():
        while not done.is_set():
            seen.add(len(Secrets(tmp_path).get("cs")["api_key"]))

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(50):
        writer.put("cs", {"api_key": "xy"[number % 2] * 10_000})
    done.set()
    reader.join()
    assert seen == {10_000}
