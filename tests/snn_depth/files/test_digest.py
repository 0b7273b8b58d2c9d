import numpy as np

from snn_depth.files.digest import arrays_sha256, file_sha256, folder_sha256, json_sha256

# FIPS 180-2, appendix B.1
ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_file_digest_is_the_published_one(tmp_path):
    file = tmp_path / "file"
    file.write_bytes(b"abc")
    assert file_sha256(file) == file_sha256(str(file)) == ABC


def test_folder_digest_is_of_names_and_bytes_of_the_files_that_match(tmp_path):
    (tmp_path / "b").write_bytes(b"c")
    (tmp_path / "a").write_bytes(b"")
    (tmp_path / "other.txt").write_bytes(b"is not counted")
    assert folder_sha256(tmp_path, "?") == ABC  # "a" + "" + "b" + "c"
    assert folder_sha256(tmp_path, "nothing") == EMPTY


def test_array_digest_is_of_the_numbers_in_their_logical_order():
    letters = np.frombuffer(b"abc", np.uint8)
    assert arrays_sha256([letters[:1], letters[1:]]) == ABC
    assert arrays_sha256([letters[::-1]]) != ABC == arrays_sha256([letters[::-1][::-1]])


def test_json_digest_is_of_the_text_with_sorted_keys():
    # printf '{"a": 1, "b": [2]}' | sha256sum
    expected = "ae8a9a50524642753023cd4de34447191a8651989979c60bbcc5b0eeebb6e1dc"
    assert json_sha256({"b": [2], "a": 1}) == expected
    assert json_sha256({"b": [2], "a": 1}, sort_keys=False) != expected
    assert json_sha256({"a": 1, "b": [2]}, sort_keys=False) == expected
