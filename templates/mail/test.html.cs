<?cs # test.html.cs: does mail arrive? ?><!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Test mail</title></head>
<body>
<p>This is a test mail of Lazarette. If you can read it, mails from the console at <a href="<?cs var:console ?>"><?cs var:console ?></a> reach you.</p>
<p>Sent: <?cs var:finished ?></p>
<hr>
<p><small>You get this because somebody asked for a test mail to <?cs var:recipient ?>.</small></p>
</body>
</html>
