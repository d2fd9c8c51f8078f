<?cs # inline.cs: ?><script>alert(1)</script>
