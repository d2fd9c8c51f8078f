<?cs # part_restore.html.cs: which backup went where ?><table>
<tr><th scope="row">Restore</th><td><a href="<?cs var:restore.url ?>"><?cs var:restore.id ?></a> (<?cs var:restore.mode ?>)</td></tr>
<tr><th scope="row">Backup</th><td><a href="<?cs var:backup.url ?>"><?cs var:backup.id ?></a> of <?cs var:source ?>, made <?cs var:taken ?></td></tr>
<tr><th scope="row">Target</th><td><?cs var:target ?></td></tr>
<tr><th scope="row">Asked for by</th><td><?cs var:requested_by ?></td></tr>
<?cs if:duration ?><tr><th scope="row">Took</th><td><?cs var:duration ?></td></tr>
<?cs /if ?><?cs if:finished ?><tr><th scope="row">Ended</th><td><?cs var:finished ?></td></tr>
<?cs /if ?><?cs if:real_data ?><tr><th scope="row">Landing</th><td>an administrator let real data in without landing rules</td></tr>
<?cs /if ?><?cs if:safety.id ?><tr><th scope="row">Safety</th><td><a href="<?cs var:safety.url ?>"><?cs var:safety.id ?></a>, the backup of the target made just before</td></tr>
<?cs /if ?></table>
<p>Parts:</p>
<ul>
<?cs each:part = parts ?><li><?cs var:part.from ?> into <?cs var:part.service ?>, <?cs var:part.size ?><?cs if:part.chosen ?>, only what was chosen of it<?cs /if ?></li>
<?cs /each ?></ul>
