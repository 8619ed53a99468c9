"""The rehearsal world: protocol servers over one simulated machine room, on loopback."""
