"""Tests of the study page's parts."""
