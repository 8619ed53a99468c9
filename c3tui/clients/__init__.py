"""The only importers of the vendor libraries: MAAS, BMCs, Kubespray, Kubernetes, SSH."""
