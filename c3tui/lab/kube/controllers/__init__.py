"""What acts on the objects as kubelets, the scheduler and the controller manager do, on the room's clock."""
