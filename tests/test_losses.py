import numpy as np
import pytest
import torch

from course.losses import policy_loss, value_loss

PAIRS = [(policy_loss, "log_probs", "advantages"), (value_loss, "values", "targets")]
LOSSES = pytest.mark.parametrize(("loss", "first", "second"), PAIRS, ids=["policy_loss", "value_loss"])


def leaf(numbers, **options):
    return torch.tensor(numbers, dtype=options.pop("dtype", torch.float32), requires_grad=True)


def two(shape, seed=0):
    rng = np.random.default_rng(seed)
    return leaf(rng.normal(size=shape).tolist()), leaf(rng.normal(size=shape).tolist())


def test_the_policy_loss_by_hand():
    # -(-1 * 3 + -2 * -1 + -4 * 1) / 3 = 5/3; its gradient is -A / 3
    log_probs = leaf([-1.0, -2.0, -4.0])
    loss = policy_loss(log_probs, torch.tensor([3.0, -1.0, 1.0]))
    assert loss.item() == pytest.approx(5 / 3)
    loss.backward()
    np.testing.assert_allclose(log_probs.grad, [-1.0, 1 / 3, -1 / 3], rtol=1e-6)


def test_the_value_loss_by_hand():
    # half of (4 + 0 + 16) / 3 = 10/3; its gradient is (values - targets) / 3
    values = leaf([3.0, 1.0, -2.0])
    loss = value_loss(values, torch.tensor([1.0, 1.0, 2.0]))
    assert loss.item() == pytest.approx(10 / 3)
    loss.backward()
    np.testing.assert_allclose(values.grad, [2 / 3, 0.0, -4 / 3], rtol=1e-6)


@LOSSES
@pytest.mark.parametrize("shape", [(), (1,), (5,), (4, 3), (2, 3, 2)], ids=str)
def test_a_loss_is_one_number_the_mean_over_all_elements(loss, first, second, shape):
    one, other = two(shape)
    got = loss(one, other)
    assert got.shape == ()
    if loss is policy_loss:
        expected = [-a * b for a, b in zip(one.flatten().tolist(), other.flatten().tolist(), strict=True)]
    else:
        expected = [
            (a - b) ** 2 / 2 for a, b in zip(one.flatten().tolist(), other.flatten().tolist(), strict=True)
        ]
    assert got.item() == pytest.approx(sum(expected) / len(expected), abs=1e-6)


@LOSSES
def test_a_gradient_flows_through_the_first_argument_only(loss, first, second):
    one, other = two((6,))
    loss(one, other).backward()
    assert one.grad.abs().min() > 0
    assert other.grad is None


def test_a_step_against_the_gradient_makes_good_actions_more_likely():
    logits = leaf([0.0, 0.0])
    actions, advantages = torch.tensor([0, 1, 1]), torch.tensor([2.0, -1.0, -3.0])
    before = torch.log_softmax(logits, 0)[actions]
    policy_loss(before, advantages).backward()
    after = torch.log_softmax(logits - 0.1 * logits.grad, 0)[actions]
    assert (torch.sign(after - before) == torch.sign(advantages)).all()


def test_a_perfect_critic_has_no_loss_and_no_gradient():
    values = leaf([1.0, -5.0])
    loss = value_loss(values, values.detach().clone())
    loss.backward()
    assert loss.item() == 0
    np.testing.assert_array_equal(values.grad, [0, 0])


@LOSSES
def test_order_and_shape_of_the_batch_do_not_matter(loss, first, second):
    one, other = two((12,))
    order = torch.tensor(np.random.default_rng(1).permutation(12))
    expected = loss(one, other).item()
    assert loss(one[order], other[order]).item() == pytest.approx(expected, rel=1e-6)
    assert loss(one.reshape(3, 4), other.reshape(3, 4)).item() == pytest.approx(expected, rel=1e-6)


@LOSSES
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_precision_stays_as_it_came(loss, first, second, dtype):
    assert loss(leaf([1.0, 2.0], dtype=dtype), leaf([0.0, 4.0], dtype=dtype)).dtype == dtype


@LOSSES
@pytest.mark.parametrize(
    "shapes", [((3,), (3, 1)), ((3, 1), (3,)), ((3,), ()), ((), (3,)), ((3,), (2,))], ids=str
)
def test_unequal_shapes_are_refused_and_never_broadcast(loss, first, second, shapes):
    with pytest.raises(ValueError) as refused:
        loss(torch.zeros(shapes[0]), torch.zeros(shapes[1]))
    said = f"all must have one shape with at least one element, got {first} {shapes[0]}, {second} {shapes[1]}"
    assert str(refused.value) == said


@LOSSES
@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0)], ids=str)
def test_nothing_has_no_mean(loss, first, second, shape):
    with pytest.raises(ValueError) as refused:
        loss(torch.zeros(shape), torch.zeros(shape))
    assert f"{first} {shape}" in str(refused.value)


@LOSSES
@pytest.mark.parametrize("given", [[1.0], np.ones(1), None, "1"], ids=lambda given: type(given).__name__)
def test_what_is_no_tensor_is_refused_by_name(loss, first, second, given):
    for arguments, name in (((given, torch.ones(1)), first), ((torch.ones(1), given), second)):
        with pytest.raises(ValueError) as refused:
            loss(*arguments)
        assert str(refused.value) == f"{name} must be a tensor, got {type(given).__name__}"
