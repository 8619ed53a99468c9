"""A small Rook: it turns CephCluster, pool and claim objects into OSDs on the drives the room really has."""
