<?cs # downloads.cs: the downloads of an environment ?><?cs include!"macros.cs" ?><?cs include!"head.cs" ?>
<?cs include!"part_worker.cs" ?>
<?cs if:subcount(downloads) ?><table class="list" role="table" aria-label="Downloads">
<thead role="rowgroup"><tr role="row">
<th role="columnheader" scope="col">Download</th>
<th role="columnheader" scope="col">State</th>
<th role="columnheader" scope="col">From</th>
<th role="columnheader" scope="col">Contents</th>
<th role="columnheader" scope="col" class="num">Size</th>
<th role="columnheader" scope="col">Expires</th>
<th role="columnheader" scope="col" class="num">Used</th>
<th role="columnheader" scope="col">By</th>
</tr></thead>
<tbody role="rowgroup">
<?cs each:d = downloads ?><tr role="row"<?cs if:!d.alive && !d.preparing ?> class="is-gone"<?cs /if ?>>
<th role="rowheader" scope="row" data-label="Download"><span><a href="<?cs var:d.href ?>"><?cs var:d.id ?></a><br><span class="stamp"><?cs call:time(d.created) ?></span></span></th>
<td role="cell" data-label="State"><span><?cs call:state(d.state) ?><?cs if:d.error ?><span class="why"><?cs var:d.error ?></span><?cs /if ?></span></td>
<td role="cell" data-label="From"><span><a href="<?cs var:d.backup.href ?>"><?cs var:d.backup.id ?></a><?cs if:d.note ?> <span class="note"><?cs var:d.note ?></span><?cs /if ?></span></td>
<td role="cell" data-label="Contents"><?cs var:d.contents ?></td>
<td role="cell" class="num" data-label="Size"><?cs call:size(d.size) ?></td>
<td role="cell" data-label="Expires"><span class="stamp"><?cs call:time(d.expires) ?></span></td>
<td role="cell" class="num" data-label="Used"><?cs var:d.uses ?>/<?cs var:d.max_uses ?></td>
<td role="cell" data-label="By"><?cs var:d.by ?></td>
</tr>
<?cs /each ?></tbody></table>
<?cs call:pager(pager) ?>
<?cs else ?><div class="empty"><?cs call:empty("No downloads yet", "Prepare a download from a backup: its files are made ready here, and the links are mailed to you.") ?><div class="actions"><a class="button is-primary" href="<?cs var:base ?>/backups">To the backups</a></div></div>
<?cs /if ?><?cs include!"foot.cs" ?>
