"""What pins a wall: wells, landscapes of them, and the places where a wall rests."""
