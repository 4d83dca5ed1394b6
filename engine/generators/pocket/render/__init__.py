"""From a score to sound: levels, envelopes, wavetable playback, effects buses."""
