<?cs # download_ready.html.cs: the links to prepared files ?><!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Download ready: <?cs var:project ?>/<?cs var:environment ?></title></head>
<body>
<p>The download you asked for is ready.</p>
<table>
<tr><th scope="row">Project</th><td><?cs var:project ?></td></tr>
<tr><th scope="row">Environment</th><td><?cs var:environment ?></td></tr>
<tr><th scope="row">Backup</th><td><a href="<?cs var:backup.url ?>"><?cs var:backup.id ?></a>, taken <?cs var:taken ?></td></tr>
<tr><th scope="row">Contents</th><td><?cs var:contents ?> (<?cs var:size ?>)</td></tr>
<tr><th scope="row">Asked for by</th><td><?cs var:requested_by ?></td></tr>
<tr><th scope="row">Expires</th><td><?cs var:expires ?>; until then each file can be fetched <?cs if:once ?>once<?cs else ?><?cs var:uses ?> times<?cs /if ?></td></tr>
</table>
<?cs include!"mail/part_note.html.cs" ?><ul>
<?cs each:file = files ?><li><?cs var:file.service ?>: <a href="<?cs var:file.url ?>"><?cs var:file.name ?></a><br>
<?cs var:file.size ?> (<?cs var:file.bytes ?> bytes)<br>
sha256 <code><?cs var:file.sha256 ?></code></li>
<?cs /each ?></ul>
<p><a href="<?cs var:page ?>">All files on one page</a></p>
<p>Opening a link spends nothing; its button starts the download. Whoever has this mail can fetch the files: keep it as you would keep the data. You can <a href="<?cs var:download.url ?>">revoke the links</a>.</p>
<hr>
<p><small>You get this because <?cs var:recipient ?> asked for this download in the console at <a href="<?cs var:console ?>"><?cs var:console ?></a></small></p>
</body>
</html>
