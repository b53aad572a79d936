"""The environment tests run in. A pytest plugin, because Django reads its settings before conftest.

`pytest tests/unit/test_names.py`, or an editor's button, works without `./dev test` around it.
"""

import base64
import os

os.environ.setdefault("BULKHEAD_DEMO", "1")
os.environ.setdefault("BULKHEAD_CREDENTIAL_KEYS", base64.b64encode(b"k" * 32).decode())
os.environ.setdefault("BULKHEAD_BASE_URL", "http://testserver")  # as Django's test client says it
