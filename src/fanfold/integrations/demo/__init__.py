"""A small API inside this process, to try things with: people and companies, users, and pages made of blocks."""

from fanfold.integrations.demo.api import DemoApi

__all__ = ["DemoApi"]
