//! Spans reach a collector.
