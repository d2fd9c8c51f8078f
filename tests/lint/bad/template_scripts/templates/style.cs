<?cs # style.cs: ?><p style="color:red">x</p>
