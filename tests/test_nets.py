"""The agent and its file: what is saved comes back, and what is no agent is refused in words of ours."""

import time
from pathlib import Path

import numpy as np
import pytest
import torch

import course
from course.nets import FORMER, RENAMED, SIXTEEN_BITS, Agent, load, save, sixteen_bits_pay


@pytest.mark.parametrize("shape", [(4,), (2, 12, 14)], ids=str)
@pytest.mark.parametrize("shared", [False, True])
def test_a_saved_agent_comes_back_the_same(tmp_path, shape, shared):
    background = np.full(shape[1:], 7.0) if len(shape) == 3 else 0.0
    agent = Agent(shape, 3, width=8, shared=shared, background=background, env_name="here", protocol="so")
    agent.follow(np.array([1.0, 5.0]), rate=0.3)
    save(agent, tmp_path / "agent.pt")
    back, obs = load(tmp_path / "agent.pt"), np.random.default_rng(0).normal(size=(6, *shape))
    np.testing.assert_array_equal(back.values(obs), agent.values(obs))
    np.testing.assert_array_equal(back.log_probs(obs), agent.log_probs(obs))
    assert (back.env_name, back.protocol, back.actions) == ("here", "so", 3)
    assert [path.name for path in tmp_path.iterdir()] == ["agent.pt"]


def test_numpys_kinds_of_text_and_number_come_back_as_plain_ones(tmp_path):
    agent = Agent(
        (np.int64(4),),
        np.int32(2),
        width=np.float64(8),
        shared=np.True_,
        env_name=np.str_("x"),
        protocol=np.str_(""),
    )
    save(agent, tmp_path / "agent.pt")
    back = load(tmp_path / "agent.pt")
    assert (back.obs_shape, back.actions, back.width, back.shared, back.env_name) == ((4,), 2, 8, True, "x")
    assert {type(each) for each in (back.actions, back.width, *back.obs_shape)} == {int}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"env_name": None}, "env_name must be text, got None"),
        ({"protocol": b"x"}, "protocol must be text, got b'x'"),
        ({"shared": "no"}, "shared must be false or true, got 'no'"),
        ({"background": np.nan}, "background must be finite, got nan"),
        (
            {"background": np.zeros((12, 14))},
            r"must have shape \(\) for this agent, got \(12, 14\)",
        ),
        ({"seed": None}, "seed must be a whole number of at least 0, got None"),
    ],
    ids=lambda case: str(case)[:20],
)
def test_what_could_not_be_read_again_is_refused_when_the_agent_is_made(changed, said):
    with pytest.raises(ValueError, match=said):
        Agent((4,), 2, **changed)


def test_a_background_of_another_size_is_refused():
    with pytest.raises(ValueError, match=r"shape \(\) or \(12, 14\) for this agent, got \(14, 12\)"):
        Agent((2, 12, 14), 3, background=np.zeros((14, 12)))


def test_an_agent_that_is_not_finite_is_not_saved_and_the_file_stays(tmp_path):
    path = tmp_path / "agent.pt"
    save(Agent((4,), 2), path)
    before, spoiled = path.read_bytes(), Agent((4,), 2)
    spoiled.actor.bias.data[1] = float("nan")
    with pytest.raises(ValueError, match=r"actor\.bias must be finite, got nan at 1"):
        save(spoiled, path)
    assert path.read_bytes() == before


def test_a_file_of_the_former_format_is_read(tmp_path):
    agent = Agent((4,), 2)
    agent.follow(np.array([1.0, 5.0]), rate=0.3)
    save(agent, tmp_path / "new.pt")
    content = torch.load(tmp_path / "new.pt", weights_only=True)
    old_names = {new: old for old, new in RENAMED.items()}
    weights = {old_names.get(name, name): each for name, each in content["weights"].items()}
    assert len(set(weights) - set(content["weights"])) == 4
    torch.save({**content, "format": FORMER, "weights": weights}, tmp_path / "old.pt")
    obs = np.ones((3, 4))
    np.testing.assert_array_equal(load(tmp_path / "old.pt").values(obs), agent.values(obs))


def test_the_agent_that_comes_with_the_course_is_read_whole():
    path = Path(course.__file__).parent / "data" / "pong_agent.pt"
    agent, content = load(path), torch.load(path, weights_only=True)
    assert agent.units.std.item() == content["weights"].get("return_std", agent.units.std).item() != 1
    assert agent.background.shape == (32, 42)


def whole(tmp_path):
    path = tmp_path / "whole.pt"
    save(Agent((4,), 2), path)
    return path.read_bytes(), torch.load(path, weights_only=True)


def changed(name, value):
    """A way to spoil a file: one entry of it is another."""
    return lambda path, _, content: torch.save({**content, name: value}, path)


def without(name):
    def spoil(path, _, content):
        torch.save({key: value for key, value in content.items() if key != name}, path)

    return spoil


def poisoned(path, _, content):
    weights = content["weights"] | {"actor.bias": torch.full((2,), float("nan"))}
    torch.save({**content, "weights": weights}, path)


NO_AGENTS = {
    "half": (lambda path, raw, _: path.write_bytes(raw[:2000]), "it is damaged, or a file of another kind"),
    "text": (lambda path, *_: path.write_text("not an agent"), "it is damaged, or a file of another kind"),
    "empty": (lambda path, *_: path.write_bytes(b""), "it is damaged, or a file of another kind"),
    "code": (lambda path, *_: torch.save(Agent((4,), 2), path), "it is damaged, or a file of another kind"),
    "numpy's text": (changed("env_name", np.str_("x")), "it is damaged, or a file of another kind"),
    "list": (lambda path, *_: torch.save([1, 2], path), "it does not say its format"),
    "no format": (without("format"), "it does not say its format"),
    "another format": (changed("format", "something else"), "its format is 'something else', not 'advantage"),
    "no width": (without("width"), "it lacks width"),
    "no weights": (changed("weights", [1]), "its weights are no tensors by name"),
    "another width": (changed("width", 32), "its weights do not belong to the agent that it describes"),
    "other weights": (changed("weights", {"a": torch.ones(2)}), "its weights do not belong to the agent"),
    "a shape of text": (changed("obs_shape", "4"), "obs_shape must be a whole number of at least 1, got '4'"),
    "no shape": (changed("obs_shape", None), "its weights do not belong to the agent that it describes"),
    "a name of bytes": (changed("env_name", b"x"), "env_name must be text, got b'x'"),
    "no numbers": (poisoned, "actor.bias must be finite, got nan at 0"),
}


@pytest.mark.parametrize(("spoil", "said"), NO_AGENTS.values(), ids=NO_AGENTS)
def test_a_file_that_is_no_agent_is_refused_in_one_line_of_ours(tmp_path, spoil, said):
    raw, content = whole(tmp_path)
    path = tmp_path / "given.pt"
    spoil(path, raw, content)
    with pytest.raises(ValueError) as refused:
        load(path)
    assert str(refused.value).startswith(f"{path} is not an agent saved by this course: {said}")
    assert str(refused.value).isprintable()


def test_a_file_that_is_not_there_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "nowhere.pt")


@pytest.mark.parametrize("has", [set(), {"_is_amx_tile_supported"}, {"_is_avx512_bf16_supported"}], ids=str)
def test_16_bits_are_used_where_the_processor_has_them_for_images_only(monkeypatch, has):
    for name in SIXTEEN_BITS:
        monkeypatch.setattr(torch.cpu, name, lambda name=name: name in has, raising=False)
    assert Agent((4, 32, 42), 3).sixteen_bits is bool(has)
    assert Agent((4,), 3).sixteen_bits is False


def test_16_bits_are_left_alone_where_torch_cannot_tell(monkeypatch):
    for name in SIXTEEN_BITS:
        monkeypatch.delattr(torch.cpu, name, raising=False)
    assert not sixteen_bits_pay()


def test_no_stop_watch_decides_about_the_numbers_of_a_run(monkeypatch):
    def never():
        raise AssertionError("it looked at the clock")

    for clock in ("time", "perf_counter", "process_time", "monotonic", "perf_counter_ns"):
        monkeypatch.setattr(time, clock, never)
    Agent((4, 32, 42), 3)


def test_the_weights_of_a_seed_do_not_depend_on_torchs_number_of_threads():
    before, weights = torch.get_num_threads(), []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        weights.append(torch.cat([weight.flatten() for weight in Agent((4,), 2, seed=1).parameters()]))
    torch.set_num_threads(before)
    assert torch.equal(*weights)
