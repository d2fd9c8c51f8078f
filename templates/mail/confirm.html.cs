<?cs # confirm.html.cs: may notices come to this address? ?><!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>May notices come to this address?</title></head>
<body>
<p>Somebody wants a backup console to send its notices to <?cs var:recipient ?> (channel “<?cs var:channel ?>”). Nothing is sent before you agree. The page with the button works for seven days:</p>
<p><a href="<?cs var:url ?>"><?cs var:url ?></a></p>
<p>If you know nothing of it, do nothing.</p>
<hr>
<p><small>The console is at <a href="<?cs var:console ?>"><?cs var:console ?></a></small></p>
</body>
</html>
