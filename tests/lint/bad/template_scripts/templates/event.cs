<?cs # event.cs: ?><a href="/" onclick="x()">x</a>
