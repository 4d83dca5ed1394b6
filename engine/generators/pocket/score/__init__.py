"""From a request to a score: form, harmony, drums and melody as hits and notes."""
