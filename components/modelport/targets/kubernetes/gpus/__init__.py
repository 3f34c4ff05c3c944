"""GPU pools: their nodes, what makes the GPUs known there, and how pods get to them."""
