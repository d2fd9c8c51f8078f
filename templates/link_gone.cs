<?cs # link_gone.cs: a link that no longer works ?><?cs include!"macros.cs" ?><?cs include!"head.cs" ?>
<p class="lead"><?cs var:gone ?></p>
<p>Ask <?cs var:requester ?> or <a href="<?cs var:again ?>">sign in</a> to prepare it again.</p>
<p class="muted">It led to files of <?cs var:project ?>/<?cs var:environment ?>, from the backup of <?cs var:taken.date ?> UTC.</p>
<?cs include!"foot.cs" ?>
