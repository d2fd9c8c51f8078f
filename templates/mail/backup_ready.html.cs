<?cs # backup_ready.html.cs: a backup is done ?><!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Backup ready: <?cs var:project ?>/<?cs var:environment ?></title></head>
<body>
<p>A backup is ready: stored, read back and compared.</p>
<table>
<tr><th scope="row">Project</th><td><?cs var:project ?></td></tr>
<tr><th scope="row">Environment</th><td><?cs var:environment ?></td></tr>
<tr><th scope="row">Backup</th><td><a href="<?cs var:backup.url ?>"><?cs var:backup.id ?></a>, taken <?cs var:taken ?></td></tr>
<tr><th scope="row">Contents</th><td><?cs var:contents ?> (<?cs var:size ?> stored)</td></tr>
<tr><th scope="row">Asked for by</th><td><?cs var:requested_by ?></td></tr>
<tr><th scope="row">Took</th><td><?cs var:duration ?></td></tr>
</table>
<?cs include!"mail/part_note.html.cs" ?><ul>
<?cs each:part = parts ?><li><?cs var:part.service ?>: <?cs var:part.size ?> (<?cs var:part.bytes ?> bytes)<br>
<?cs if:part.sha256 ?>sha256 <code><?cs var:part.sha256 ?></code><?cs else ?>sha256 as stored <code><?cs var:part.stored_sha256 ?></code><?cs /if ?></li>
<?cs /each ?></ul>
<?cs if:warnings ?><p>It has warnings (<?cs var:warnings ?>): some files could not be read, or changed while they were read. The log names them.</p>
<?cs /if ?><p><a href="<?cs var:backup.url ?>">Details, log, download</a></p>
<hr>
<p><small>You get this because <?cs var:recipient ?> asked to be told when this backup is done, in the console at <a href="<?cs var:console ?>"><?cs var:console ?></a></small></p>
</body>
</html>
