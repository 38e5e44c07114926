from results.names import EntryNames, bundle_name


def test_a_bundle_is_called_after_its_job() -> None:
    assert bundle_name("Leads 05/2024", "batch-1754556928-12a41dbec0f3") == "Leads 05_2024-12a41dbec0f3.zip"
    assert bundle_name("leads", "batch-1754556928-12a41dbec0f3") == "leads-12a41dbec0f3.zip"


def test_the_second_file_of_a_name_gets_a_number_before_its_ending() -> None:
    names = EntryNames()
    claimed = [
        names.claim("results", name) for name in ("a.csv", "a.csv", "a (2).csv", "a.csv", "a", "a", ".env", ".env")
    ]
    assert claimed == [
        "results/a.csv", "results/a (2).csv", "results/a (2) (2).csv", "results/a (3).csv", "results/a", "results/a (2)",
        "results/.env", "results/.env (2)",
    ]  # fmt: skip


def test_a_number_that_is_taken_is_skipped() -> None:
    names = EntryNames()
    assert [names.claim("r", name) for name in ("a (2).csv", "a.csv", "a.csv")] == [
        "r/a (2).csv",
        "r/a.csv",
        "r/a (3).csv",
    ]


def test_names_that_a_file_system_takes_for_equal_clash() -> None:
    names = EntryNames()
    claimed = [names.claim("r", name) for name in ("Größe.txt", "GRÖSSE.TXT", "Gro\u0308ße.txt")]
    assert claimed == ["r/Größe.txt", "r/GRÖSSE (2).TXT", "r/Gro\u0308ße (3).txt"]


def test_equal_names_in_two_folders_do_not_clash() -> None:
    names = EntryNames()
    assert [names.claim(folder, "a.csv") for folder in ("inputs", "results")] == ["inputs/a.csv", "results/a.csv"]


def test_a_name_inside_a_bundle_cannot_climb_and_has_no_backslash() -> None:
    names = EntryNames()
    claimed = [names.claim("r", name) for name in ("../../x", "/etc/y", "C:\\w\\z.txt", "..", "a\0b\nc")]
    assert claimed == ["r/x", "r/y", "r/C:_w_z.txt", "r/file", "r/abc"]


def test_a_name_inside_a_bundle_fits_a_file_system_and_keeps_its_ending() -> None:
    names = EntryNames()
    first, second = names.claim("r", "é" * 240 + ".csv"), names.claim("r", "é" * 240 + ".csv")
    assert first == "r/" + "é" * 125 + ".csv"
    assert second == "r/" + "é" * 123 + " (2).csv"


def test_many_equal_names_take_no_longer_each() -> None:
    names = EntryNames()
    claimed = [names.claim("items", "annotated.png") for _ in range(20_000)]
    assert (len(set(claimed)), claimed[-1]) == (20_000, "items/annotated (20000).png")
