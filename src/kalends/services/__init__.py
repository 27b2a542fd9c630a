"""The verbs. One public function is one use case is one short transaction."""
