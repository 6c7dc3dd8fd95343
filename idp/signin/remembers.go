package signin

// Remembers tells whether somebody signed in at the visit's tenant in its browser before;
// not who.
func (s *Service) Remembers(v Visit) bool { return s.openKnown(v).ID != "" }
