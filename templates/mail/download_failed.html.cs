<?cs # download_failed.html.cs: files could not be prepared ?><!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Download FAILED: <?cs var:project ?>/<?cs var:environment ?></title></head>
<body>
<p>The download you asked for could not be prepared. The backup itself is untouched.</p>
<table>
<tr><th scope="row">Project</th><td><?cs var:project ?></td></tr>
<tr><th scope="row">Environment</th><td><?cs var:environment ?></td></tr>
<tr><th scope="row">Backup</th><td><a href="<?cs var:backup.url ?>"><?cs var:backup.id ?></a>, taken <?cs var:taken ?></td></tr>
<tr><th scope="row">Contents</th><td><?cs var:contents ?></td></tr>
<tr><th scope="row">Asked for by</th><td><?cs var:requested_by ?></td></tr>
<tr><th scope="row">Failed</th><td><?cs var:finished ?></td></tr>
</table>
<?cs include!"mail/part_note.html.cs" ?><?cs include!"mail/part_failed.html.cs" ?><hr>
<p><small>You get this because <?cs var:recipient ?> asked for this download in the console at <a href="<?cs var:console ?>"><?cs var:console ?></a></small></p>
</body>
</html>
