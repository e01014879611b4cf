"""Real controllers change a cluster; records follow (RS-01, RH-01, RDY-01, RV-01)."""

from fixture import ClusterTest


class Workloads(ClusterTest):
    def test_scale(self):
        """RH-01, RH-03: a Deployment to zero and back"""
        self.workload("Deployment", "web", 3)
        self.service("web", selector={"app": "web"})
        self.headless("web-h", selector={"app": "web"})
        self.await_endpoints("web-h", 3)
        self.quiet("with three pods")
        self.scale("Deployment", "web", 0)
        self.await_endpoints("web-h", 0)
        self.quiet("without a pod")
