<?cs # digest.html.cs: the week in one line per environment, worst first ?><!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title><?cs var:title ?></title></head>
<body>
<p><strong><?cs var:title ?></strong></p>
<ul>
<?cs each:line = lines ?><li><?cs var:line ?></li>
<?cs /each ?></ul>
<p><a href="<?cs var:url ?>">The overview</a></p>
<hr>
<p><small>You get this each Monday because <?cs var:recipient ?> is the channel “<?cs var:channel ?>” in the console at <a href="<?cs var:console ?>"><?cs var:console ?></a></small></p>
</body>
</html>
