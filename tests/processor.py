"""What a processor must have for some tests."""

from __future__ import annotations

import pytest

from index.bert.precision import cpu_has_fast_bf16, cpu_has_fast_int8

needs_int8 = pytest.mark.skipif(not cpu_has_fast_int8(), reason="this processor has no instructions for int8")
needs_bf16 = pytest.mark.skipif(not cpu_has_fast_bf16(), reason="this processor has no instructions for bf16")
