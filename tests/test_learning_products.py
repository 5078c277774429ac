"""Products in the inner loops of learning: those of numpy, whichever way they are made."""

import numpy as np
import pytest

from crossbar.learning.products import inner_product, product


@pytest.mark.parametrize("shape", [(1, 65, 20), (10, 785, 20)])
def test_products_are_those_of_numpy(shape):
    rows, terms, columns = shape
    draw = np.random.default_rng(1)
    left, right, other = draw.normal(size=(rows, terms)), draw.normal(size=(terms, columns)), draw.normal(size=(7, 9))
    np.testing.assert_allclose(product(left, right), np.matmul(left, right), rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(product(right.T, left.T), np.matmul(right.T, left.T), rtol=1e-11, atol=1e-12)
    assert inner_product(other, other**2) == pytest.approx(float((other**3).sum()), rel=1e-12)
