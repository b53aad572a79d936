"""A real Kubernetes control plane for development and tests: etcd, API server, controllers.

Nothing here knows the product. `start` owns a control plane for as long as the calling
process lives; `ControlPlane.attach` reads one that another process owns.
"""

from devcluster.control_plane import ControlPlane, ControlPlaneError, OwnedControlPlane, start

__all__ = ["ControlPlane", "ControlPlaneError", "OwnedControlPlane", "start"]
