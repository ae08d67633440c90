"""The words of other servers, put into ours: no speech is made here."""
