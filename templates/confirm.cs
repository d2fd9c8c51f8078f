<?cs # confirm.cs: does this address want notices? ?><?cs include!"macros.cs" ?><?cs include!"head.cs" ?>
<?cs if:done ?><p class="lead"><?cs var:address ?> gets the notices of the channel “<?cs var:channel ?>” from now on.</p>
<?cs else ?><p class="lead">Shall notices of this backup console go to <?cs var:address ?> (channel “<?cs var:channel ?>”)?</p>
<form method="post" action="<?cs var:action ?>"><div class="actions"><button type="submit" class="button is-primary">Yes, send them</button></div></form>
<p class="muted">If you do not want them, close this page: nothing is sent.</p>
<?cs /if ?><?cs include!"foot.cs" ?>
