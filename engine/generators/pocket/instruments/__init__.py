"""Where sounds come from: drum models, breaks, and voices as wavetables."""
