"""The use cases. A public function is one use case, in one short transaction."""
