<?cs # bare.cs: ?><a href=<?cs var:x ?>>x</a>
