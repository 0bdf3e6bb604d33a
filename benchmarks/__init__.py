"""Speed, measured as ratios against peers on the same file in the same run; nothing here is a test."""
