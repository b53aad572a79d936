"""The cluster that the examples of all codes play in, as YAML. `docs/lint.md` shows it once.

It has no findings of its own. What an example needs beside it stands in the example.
"""

STAGE = """\
apiVersion: v1
kind: Namespace
metadata:
  name: payments-prod
  labels: {project: payments, bulkhead.dev/environment: production}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: payments-prod, labels: {project: payments, app: web}}
spec:
  containers:
    - {name: web, image: web, ports: [{name: http, containerPort: 8080}]}
---
apiVersion: v1
kind: Pod
metadata: {name: api, namespace: payments-prod, labels: {project: payments, app: api}}
spec:
  containers:
    - {name: api, image: api, ports: [{name: rest, containerPort: 9090}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: payments-prod}
spec:
  selector: {app: web}
  ports: [{port: 80, targetPort: 8080}]
---
apiVersion: v1
kind: Namespace
metadata:
  name: orders-prod
  labels: {project: orders, bulkhead.dev/environment: production}
---
apiVersion: v1
kind: Pod
metadata: {name: basket, namespace: orders-prod, labels: {project: orders, app: basket}}
spec:
  containers:
    - {name: basket, image: basket, ports: [{name: http, containerPort: 8000}]}
---
apiVersion: v1
kind: Namespace
metadata: {name: ingress-nginx}
---
apiVersion: v1
kind: Pod
metadata:
  name: controller
  namespace: ingress-nginx
  labels: {app.kubernetes.io/name: ingress-nginx}
spec:
  containers: [{name: controller, image: controller}]
---
apiVersion: v1
kind: Namespace
metadata: {name: kube-system}
---
apiVersion: v1
kind: Pod
metadata: {name: coredns, namespace: kube-system, labels: {k8s-app: kube-dns}}
spec:
  containers:
    - {name: coredns, image: coredns, ports: [{name: dns, containerPort: 53, protocol: UDP}]}
---
apiVersion: v1
kind: Node
metadata: {name: node-a}
spec: {podCIDR: 10.244.0.0/16, podCIDRs: [10.244.0.0/16]}
status:
  addresses: [{type: InternalIP, address: 192.0.2.10}]
---
apiVersion: networking.k8s.io/v1
kind: ServiceCIDR
metadata: {name: kubernetes}
spec: {cidrs: [10.96.0.0/16]}
"""
ALLOW_DNS = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: allow-dns, namespace: payments-prod}
spec:
  podSelector: {}
  policyTypes: [Egress]
  egress:
    - to:
        - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}
          podSelector: {matchLabels: {k8s-app: kube-dns}}
      ports:
        - {protocol: UDP, port: 53}
        - {protocol: TCP, port: 53}
"""
