"""Cases of a store on screen."""
