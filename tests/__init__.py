"""Tests of C3."""
